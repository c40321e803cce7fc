/**
 * The instructions of WebAssembly that kernels are written with, by the tables of its specification
 * (https://webassembly.github.io/spec/core/binary/instructions.html): MVP, sign extension, saturating truncation, copies and SIMD.
 */

/** What stands between an instruction's name and its operands. */
export type Immediate =
  | 'none'
  | 'local'
  | 'global'
  | 'function'
  | 'label'
  | 'labels'
  /** offset= and align=, both may be left out. */
  | 'memory'
  | 'memoryLane'
  | 'lane'
  | 'shuffle'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'v128'
  /** The memory's number, which is not in the text. */
  | 'oneMemory'
  | 'twoMemories'
  /** Label, results and instructions. */
  | 'block'

export interface Opcode {
  /** 0: none. */
  readonly prefix: number
  readonly code: number
  readonly immediate: Immediate
  /** Bytes read or written, as a power of two. */
  readonly alignment: number
}

const integers = ['eqz', 'eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u']
const floats = ['eq', 'ne', 'lt', 'gt', 'le', 'ge']
const integerMaths = 'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr'.split(
  ' ',
)
const floatMaths = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign'.split(' ')
const of = (type: string, names: readonly string[]): string => names.map((name) => `${type}.${name}`).join(' ')

/** Names in the order of their codes, from a code on. */
type Run = readonly [from: number, immediate: Immediate, names: string]

const plain: readonly Run[] = [
  [0x00, 'none', 'unreachable nop'],
  [0x02, 'block', 'block loop if'],
  [0x0c, 'label', 'br br_if'],
  [0x0e, 'labels', 'br_table'],
  [0x0f, 'none', 'return'],
  [0x10, 'function', 'call'],
  [0x1a, 'none', 'drop select'],
  [0x20, 'local', 'local.get local.set local.tee'],
  [0x23, 'global', 'global.get global.set'],
  [0x28, 'memory', 'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u'],
  [0x30, 'memory', 'i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u'],
  [0x36, 'memory', 'i32.store i64.store f32.store f64.store'],
  [0x3a, 'memory', 'i32.store8 i32.store16 i64.store8 i64.store16 i64.store32'],
  [0x3f, 'oneMemory', 'memory.size memory.grow'],
  [0x41, 'i32', 'i32.const'],
  [0x42, 'i64', 'i64.const'],
  [0x43, 'f32', 'f32.const'],
  [0x44, 'f64', 'f64.const'],
  [0x45, 'none', of('i32', integers)],
  [0x50, 'none', of('i64', integers)],
  [0x5b, 'none', of('f32', floats)],
  [0x61, 'none', of('f64', floats)],
  [0x67, 'none', of('i32', integerMaths)],
  [0x79, 'none', of('i64', integerMaths)],
  [0x8b, 'none', of('f32', floatMaths)],
  [0x99, 'none', of('f64', floatMaths)],
  [0xa7, 'none', 'i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u'],
  [0xac, 'none', 'i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u'],
  [0xb2, 'none', 'f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64'],
  [0xb7, 'none', 'f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32'],
  [0xbc, 'none', 'i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64'],
  [0xc0, 'none', 'i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s'],
]

/** After the byte 0xfc. */
const various: readonly Run[] = [
  [0, 'none', 'i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u'],
  [4, 'none', 'i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u'],
  [10, 'twoMemories', 'memory.copy'],
  [11, 'oneMemory', 'memory.fill'],
]

const laneIntegers = integers.slice(1)
const saturating = 'add add_sat_s add_sat_u sub sub_sat_s sub_sat_u'.split(' ')
const extremes = 'min_s min_u max_s max_u'.split(' ')
const laneMaths = 'sqrt add sub mul div min max pmin pmax'.split(' ')
const shifts = 'shl shr_s shr_u'.split(' ')
/** Both halves of lanes, made twice as wide. */
const widened = (verb: string, from: string): string[] =>
  ['low', 'high', 'low', 'high'].map((half, i) => `${verb}_${half}_${from}_${i < 2 ? 's' : 'u'}`)

/** After the byte 0xfd. */
const vectors: readonly Run[] = [
  [0x00, 'memory', 'v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s'],
  [0x06, 'memory', 'v128.load32x2_u v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat v128.store'],
  [0x0c, 'v128', 'v128.const'],
  [0x0d, 'shuffle', 'i8x16.shuffle'],
  [0x0e, 'none', 'i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat'],
  [0x15, 'lane', 'i8x16.extract_lane_s i8x16.extract_lane_u i8x16.replace_lane'],
  [0x18, 'lane', 'i16x8.extract_lane_s i16x8.extract_lane_u i16x8.replace_lane'],
  [0x1b, 'lane', 'i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane'],
  [0x1f, 'lane', 'f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane'],
  [0x23, 'none', of('i8x16', laneIntegers)],
  [0x2d, 'none', of('i16x8', laneIntegers)],
  [0x37, 'none', of('i32x4', laneIntegers)],
  [0x41, 'none', of('f32x4', floats)],
  [0x47, 'none', of('f64x2', floats)],
  [0x4d, 'none', 'v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true'],
  [0x54, 'memoryLane', 'v128.load8_lane v128.load16_lane v128.load32_lane v128.load64_lane'],
  [0x58, 'memoryLane', 'v128.store8_lane v128.store16_lane v128.store32_lane v128.store64_lane'],
  [0x5c, 'memory', 'v128.load32_zero v128.load64_zero'],
  [0x5e, 'none', 'f32x4.demote_f64x2_zero f64x2.promote_low_f32x4'],
  [0x60, 'none', of('i8x16', ['abs', 'neg', 'popcnt', 'all_true', 'bitmask', 'narrow_i16x8_s', 'narrow_i16x8_u'])],
  [0x67, 'none', of('f32x4', ['ceil', 'floor', 'trunc', 'nearest'])],
  [0x6b, 'none', of('i8x16', [...shifts, ...saturating])],
  [0x74, 'none', 'f64x2.ceil f64x2.floor'],
  [0x76, 'none', of('i8x16', extremes)],
  [0x7a, 'none', 'f64x2.trunc i8x16.avgr_u i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u'],
  [0x7e, 'none', 'i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u'],
  [
    0x80,
    'none',
    of('i16x8', ['abs', 'neg', 'q15mulr_sat_s', 'all_true', 'bitmask', 'narrow_i32x4_s', 'narrow_i32x4_u']),
  ],
  [0x87, 'none', of('i16x8', [...widened('extend', 'i8x16'), ...shifts, ...saturating])],
  [0x94, 'none', 'f64x2.nearest i16x8.mul'],
  [0x96, 'none', of('i16x8', extremes)],
  [0x9b, 'none', of('i16x8', ['avgr_u', ...widened('extmul', 'i8x16')])],
  [0xa0, 'none', 'i32x4.abs i32x4.neg'],
  [0xa3, 'none', 'i32x4.all_true i32x4.bitmask'],
  [0xa7, 'none', of('i32x4', [...widened('extend', 'i16x8'), ...shifts, 'add'])],
  [0xb1, 'none', 'i32x4.sub'],
  [0xb5, 'none', of('i32x4', ['mul', ...extremes, 'dot_i16x8_s'])],
  [0xbc, 'none', of('i32x4', widened('extmul', 'i16x8'))],
  [0xc0, 'none', 'i64x2.abs i64x2.neg'],
  [0xc3, 'none', 'i64x2.all_true i64x2.bitmask'],
  [0xc7, 'none', of('i64x2', [...widened('extend', 'i32x4'), ...shifts, 'add'])],
  [0xd1, 'none', 'i64x2.sub'],
  [0xd5, 'none', of('i64x2', ['mul', 'eq', 'ne', 'lt_s', 'gt_s', 'le_s', 'ge_s', ...widened('extmul', 'i32x4')])],
  [0xe0, 'none', 'f32x4.abs f32x4.neg'],
  [0xe3, 'none', of('f32x4', laneMaths)],
  [0xec, 'none', 'f64x2.abs f64x2.neg'],
  [0xef, 'none', of('f64x2', laneMaths)],
  [0xf8, 'none', 'i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u'],
  [0xfc, 'none', 'i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero'],
  [0xfe, 'none', 'f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u'],
]

/** The alignment of v128.load8x8_s, i64.store32, f32.load...: the bits in the name behind the dot, else those of the type. */
function alignmentOf(name: string): number {
  const [, type, own, times] = /^.(\d+)\.[a-z]+(\d*)(x\d+)?/.exec(name)!
  return Math.log2((Number(own || type) * Number(times?.slice(1) ?? 1)) / 8)
}

/** By the name as it begins an expression, e.g. `(i32.add`. */
export const opcodes: ReadonlyMap<string, Opcode> = new Map(
  (
    [
      [0, plain],
      [0xfc, various],
      [0xfd, vectors],
    ] as const
  ).flatMap(([prefix, runs]) =>
    runs.flatMap(([from, immediate, names]) =>
      names.split(' ').map((name, i): [string, Opcode] => {
        const alignment = immediate === 'memory' || immediate === 'memoryLane' ? alignmentOf(name) : 0
        return [`(${name}`, { prefix, code: from + i, immediate, alignment }]
      }),
    ),
  ),
)
