import { itemsize } from '../core/dtype.ts'
import type { KernelForm } from './columns.ts'
import { type KernelText, writeKernel } from './compile.ts'
import { emitMap, stripRows } from './emit-map.ts'
import { emitReduce, leafRows, readsInPairs } from './emit-reduce.ts'
import { emitScan, scanRows } from './emit-scan.ts'
import type { Tables } from './frame.ts'
import { vectorBytes } from './lanes.ts'
import { createLayout, parameterBytes } from './layout.ts'
import type { StrideClass } from './memory.ts'
import { type Accesses, type Axis, classesOf, pointAxis } from './nest.ts'
import { mapWalks, planMap } from './nest-map.ts'
import { planReduce, reduceWalks, sideBySide } from './nest-reduce.ts'
import { planScan, scanWalks } from './nest-scan.ts'
import { type KernelSpec, type LoopNest, plainIndex, scratchBytes, specKey } from './spec.ts'
import type { Walk } from './walk.ts'

/** What is known of a spec before a nest comes. */
interface SpecFacts {
  readonly key: string
  readonly accesses: Accesses
  readonly indexDTypes: readonly ('int64' | 'float64')[]
  readonly indexIsInteger: readonly boolean[]
  /** The kernels that were compiled for it, by signature. */
  readonly compiled: Map<string, Compiled>
}
interface Compiled extends KernelText {
  readonly form: KernelForm
  run?: () => void
}
/** A kernel for a nest, and the calls of it. */
export interface Call {
  readonly facts: SpecFacts
  readonly compiled: Compiled
  readonly walks: readonly Walk[]
}
export type Planner = (spec: KernelSpec, nest: LoopNest) => readonly Call[]

/** Specs whose kernels are kept beyond the life of the spec object. */
export const mostSpecs = 1000
function factsOf(spec: KernelSpec, carry: boolean): SpecFacts {
  const indexDTypes = new Array<'int64' | 'float64'>(spec.indices).fill('float64')
  for (const node of spec.nodes) if (node.op === 'index' && node.dtype === 'int64') indexDTypes[node.slot] = 'int64'
  return {
    key: `${specKey(spec)}${carry}`,
    accesses: {
      dtypes: [...spec.operands, ...spec.outputs, ...(carry ? spec.outputs : [])],
      loaded: spec.operands.length,
      stored: spec.outputs.length,
    },
    indexDTypes,
    indexIsInteger: indexDTypes.map((dtype) => dtype === 'int64'),
    compiled: new Map(),
  }
}

/** The axes that are longer than 1, with the strides of all accesses. */
function axesOf(nest: LoopNest): Axis[] {
  const accesses = [...nest.operands, ...nest.outputs, ...(nest.carry ?? []), ...nest.indices]
  const axes: Axis[] = []
  for (let i = 0; i < nest.extents.length; i++)
    if (nest.extents[i] !== 1)
      axes.push({
        extent: nest.extents[i],
        reduced: nest.reduced[i] ?? false,
        steps: accesses.map((access) => access.strides[i]),
      })
  return axes
}
/** Where a nest starts: the addresses of the operands, of the outputs and of what a scan starts from, then the index slots. */
export const startsOf = (nest: LoopNest): number[] => [
  ...[...nest.operands, ...nest.outputs, ...(nest.carry ?? [])].map((access) => access.address),
  ...nest.indices.map((index) => index.start),
]

/** Chooses the loops for nests, and the kernels that run them; they do not depend on where a nest starts. */
export function createPlanner(tables: Tables): Planner {
  const known = [new WeakMap<KernelSpec, SpecFacts>(), new WeakMap<KernelSpec, SpecFacts>()]
  const byKey = new Map<string, SpecFacts>()
  const lookUp = (spec: KernelSpec, carry: boolean): SpecFacts => {
    const seen = known[carry ? 1 : 0]
    const found = seen.get(spec)
    if (found) return found
    const made = factsOf(spec, carry)
    const facts = byKey.get(made.key) ?? made
    if (byKey.size >= mostSpecs) byKey.clear()
    byKey.set(facts.key, facts)
    seen.set(spec, facts)
    return facts
  }
  return (spec, nest) => {
    if (nest.extents.includes(0)) return []
    const facts = lookUp(spec, nest.carry !== undefined)
    const axes = axesOf(nest)
    const steps = facts.accesses.dtypes.length + spec.indices
    if (spec.kind === 'map') return [mapCall(tables, spec, facts, axes, steps)]
    if (spec.kind === 'scan') return [scanCall(tables, spec, facts, axes, steps)]
    return reduceCalls(tables, spec, facts, axes, steps)
  }
}

type LoopFlags = Pick<KernelForm, 'fold' | 'strips' | 'near' | 'running' | 'runs'>
const plainLoops: LoopFlags = { fold: false, strips: false, near: 1, running: undefined, runs: 1 }

/** The kernel for the classes of an inner axis. */
function compiledFor(
  tables: Tables,
  spec: KernelSpec,
  facts: SpecFacts,
  inner: Axis,
  flags: LoopFlags,
  { row, beside }: { row?: Axis; beside?: Axis } = {},
): Compiled {
  const { accesses, indexDTypes } = facts
  const count = accesses.dtypes.length
  let classes: StrideClass[] = classesOf(inner, accesses)
  // The results of a folded reduction are not stored along the inner axis.
  if (spec.kind === 'reduce' && flags.fold) {
    const stored = classesOf(beside ?? pointAxis(inner.steps.length), accesses)
    classes = classes.map((stride, i) => (i < accesses.loaded ? stride : stored[i]))
  }
  if (row && flags.strips)
    classes = classes.map((stride, i) =>
      stride === 's' && i < accesses.loaded && row.steps[i] === itemsize(accesses.dtypes[i]) ? 't' : stride,
    )
  const rowStill = classes.map((_, i) => row !== undefined && flags.strips && row.steps[i] === 0)
  const indexStill = indexDTypes.map((_, slot) => inner.steps[count + slot] === 0)
  const signature = `${classes.join('')}${indexStill.map(Number).join('')}${flags.fold ? 'f' : ''}${flags.running ?? ''}n${flags.near}${flags.runs}${flags.strips ? `t${rowStill.map(Number).join('')}` : ''}`
  const known = facts.compiled.get(signature)
  if (known) return known
  const form: KernelForm = {
    spec,
    layout: createLayout(count, indexDTypes.length),
    dtypes: accesses.dtypes,
    classes,
    indexDTypes,
    indexStill,
    rowStill,
    carry: count > accesses.loaded + accesses.stored,
    ...flags,
  }
  const emit = { map: emitMap, reduce: emitReduce, scan: emitScan }[spec.kind]
  const compiled: Compiled = { form, ...writeKernel(tables, (frame) => emit(frame, form)) }
  facts.compiled.set(signature, compiled)
  return compiled
}

function mapCall(tables: Tables, spec: KernelSpec, facts: SpecFacts, axes: Axis[], steps: number): Call {
  const plan = planMap(axes, facts.accesses, steps)
  const compiled = compiledFor(
    tables,
    spec,
    facts,
    plan.inner,
    { ...plainLoops, strips: plan.strips },
    { row: plan.row },
  )
  return { facts, compiled, walks: mapWalks(plan, facts.accesses, compiled.width, stripRows) }
}

function reduceCalls(tables: Tables, spec: KernelSpec, facts: SpecFacts, axes: Axis[], steps: number): Call[] {
  const slot = plainIndex(spec)
  const record = tables.reductions[spec.reduction ?? '']
  const whole = planReduce(axes, facts.accesses, steps, {
    record,
    inPairs: readsInPairs(spec, record),
    indexStep: (axis) => (slot === undefined ? 0 : axis.steps[facts.accesses.dtypes.length + slot]),
  })
  return sideBySide(whole).map((plan) => {
    const { fold, near, running, runs } = plan
    const flags = { fold, strips: false, near, running, runs }
    const compiled = compiledFor(tables, spec, facts, plan.inner, flags, plan)
    const walks = reduceWalks(plan, {
      width: compiled.width,
      leafRows: leafRows(spec, flags),
      stateBytes: vectorBytes * spec.outputs.length,
      slotsBytes: scratchBytes - parameterBytes,
    })
    return { facts, compiled, walks }
  })
}

function scanCall(tables: Tables, spec: KernelSpec, facts: SpecFacts, axes: Axis[], steps: number): Call {
  const plan = planScan(axes, facts.accesses, steps)
  const compiled = compiledFor(tables, spec, facts, plan.inner, { ...plainLoops, fold: plan.line })
  return { facts, compiled, walks: scanWalks(plan, facts.accesses, compiled.width, scanRows) }
}
