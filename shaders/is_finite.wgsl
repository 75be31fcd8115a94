// WGSL lets compilers assume that there are no infinities and NaNs, so comparisons can't find them; the bits can.
fn is_finite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}
