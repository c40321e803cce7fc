import { expect, test } from 'vitest'
import type { RealDType, Value } from '../../src/core/dtype.ts'
import { castValue } from '../../src/kernel/cast.ts'

const cases: [Value, RealDType, RealDType, Value][] = [
  [Number.NaN, 'float64', 'int32', 0],
  [Number.NaN, 'float64', 'bool', true],
  [-0, 'float32', 'bool', false],
  [-3.7, 'float64', 'int8', -3],
  [300.9, 'float64', 'uint8', 44],
  [-1.5, 'float32', 'uint16', 65535],
  [1e300, 'float64', 'int64', 2n ** 63n - 1n],
  [Number.NEGATIVE_INFINITY, 'float64', 'int64', -(2n ** 63n)],
  [1e300, 'float64', 'int32', -1],
  [2 ** 63, 'float64', 'uint64', 2n ** 63n],
  [-1, 'float64', 'uint64', 2n ** 64n - 1n],
  [Number.POSITIVE_INFINITY, 'float64', 'uint64', 2n ** 64n - 1n],
  [-1n, 'int64', 'uint8', 255],
  [-1, 'int8', 'uint64', 2n ** 64n - 1n],
  [2n ** 64n - 1n, 'uint64', 'float64', 2 ** 64],
  [true, 'bool', 'float32', 1],
  [0.1, 'float64', 'float32', Math.fround(0.1)],
  // A tie between two float32 values but for the last bit, which float64 would lose.
  [2n ** 60n + 2n ** 36n + 1n, 'int64', 'float32', 2 ** 60 + 2 ** 37],
  [-(2n ** 60n) - 2n ** 36n - 1n, 'int64', 'float32', -(2 ** 60) - 2 ** 37],
]
test.each(cases)('%s of %s as %s is %s', (value, from, to, want) => {
  expect(castValue(value, from, to)).toBe(want)
})
