// Draws one token from the logits: greedy at temperature 0, else from the nucleus of softmax(logits / temperature),
// the smallest set of most likely tokens whose mass reaches top_p (Holtzman et al. 2020; tokens as likely as the last one are kept too).
// sampled = (token, bits of log softmax(logits)[token] at temperature 1, number of non-finite logits)
// grid: (1); one workgroup
#include "is_finite.wgsl"
override WORKGROUP_SIZE: u32 = 256u;

struct Params {
  d_vocab: u32,
  temperature: f32,
  top_p: f32,
  uniform_draw: f32, // in [0, 1)
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>; // (d_vocab)
@group(0) @binding(2) var<storage, read_write> sampled: array<u32>; // (3)

var<workgroup> lane_values: array<f32, WORKGROUP_SIZE>;
var<workgroup> lane_tokens: array<u32, WORKGROUP_SIZE>;

/// exp((logit - maximum) / temperature), or 0 if that is below the threshold
fn mass_of(token: u32, maximum: f32, threshold: f32) -> f32 {
  let mass = exp((logits[token] - maximum) / params.temperature);
  return select(0.0, mass, mass >= threshold);
}

fn sum_over_lanes(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  lane_values[lane] = value;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    sum += lane_values[i];
  }
  return sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  // Each invocation owns a run of neighbouring tokens, so that a draw walks the vocabulary in order.
  let share = (params.d_vocab + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
  let first = min(lane * share, params.d_vocab);
  let end = min(first + share, params.d_vocab);

  var maximum = -3.4e38;
  var best = first;
  var broken = 0.0;
  for (var token = first; token < end; token++) {
    broken += select(1.0, 0.0, is_finite(logits[token]));
    if (logits[token] > maximum) {
      maximum = logits[token];
      best = token;
    }
  }
  broken = sum_over_lanes(broken, lane);
  workgroupBarrier();
  lane_values[lane] = maximum;
  lane_tokens[lane] = best;
  workgroupBarrier();
  for (var i = 0u; i < WORKGROUP_SIZE; i++) {
    if (lane_values[i] > maximum || (lane_values[i] == maximum && lane_tokens[i] < best)) {
      maximum = lane_values[i];
      best = lane_tokens[i];
    }
  }

  var exponentials = 0.0;
  for (var token = first; token < end; token++) {
    exponentials += exp(logits[token] - maximum);
  }
  exponentials = sum_over_lanes(exponentials, lane);

  var token = best;
  if (params.temperature > 0.0) {
    var mass = 0.0;
    for (var t = first; t < end; t++) {
      mass += mass_of(t, maximum, 0.0);
    }
    let needed = params.top_p * sum_over_lanes(mass, lane);
    // The largest threshold that keeps enough mass, by bisection over the bits of a float in [0, 1]: those grow with its value,
    // and 30 halvings find any of them. At top_p = 1 everything is kept.
    var low = 0u;
    var high = select(1u, bitcast<u32>(1.0) + 1u, params.top_p < 1.0);
    for (var i = 0u; i < 30u; i++) {
      let middle = (low + high) / 2u;
      mass = 0.0;
      for (var t = first; t < end; t++) {
        mass += mass_of(t, maximum, bitcast<f32>(middle));
      }
      if (sum_over_lanes(mass, lane) >= needed) {
        low = middle;
      } else {
        high = middle;
      }
    }
    let threshold = bitcast<f32>(low);
    mass = 0.0;
    for (var t = first; t < end; t++) {
      mass += mass_of(t, maximum, threshold);
    }
    let drawn = params.uniform_draw * sum_over_lanes(mass, lane);
    var before = 0.0;
    for (var i = 0u; i < lane; i++) {
      before += lane_values[i];
    }
    // The invocation whose run holds the draw walks it; `best` stays if rounding leaves the draw past the end.
    workgroupBarrier();
    if (lane == 0u) {
      lane_tokens[0] = best;
    }
    workgroupBarrier();
    if (drawn >= before && drawn < before + mass) {
      for (var t = first; t < end; t++) {
        let p = mass_of(t, maximum, threshold);
        if (p > 0.0) {
          lane_tokens[0] = t;
          before += p;
          if (drawn < before) {
            break;
          }
        }
      }
    }
    workgroupBarrier();
    token = lane_tokens[0];
  }
  if (lane == 0u) {
    sampled[0] = token;
    sampled[1] = bitcast<u32>(logits[token] - maximum - log(exponentials));
    sampled[2] = u32(broken);
  }
}
