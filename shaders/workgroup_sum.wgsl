// Sum of one value per invocation over the workgroup, known to every invocation. Call it from uniform control flow.
// Every invocation adds up all partial sums itself, in the same order: one barrier instead of log2(WORKGROUP_SIZE).
override WORKGROUP_SIZE: u32 = 64u;
var<workgroup> partial_sums: array<f32, WORKGROUP_SIZE>;

fn workgroup_sum(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  partial_sums[lane] = value;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    sum += partial_sums[i];
  }
  return sum;
}
