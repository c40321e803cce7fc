/** Tasks and the tasks they read, in flat arrays: inputs of t are inputs[inputStart[t] .. inputStart[t + 1]). */
export interface Dag {
  readonly count: number
  readonly inputStart: Int32Array
  readonly inputs: Int32Array
  readonly outputBytes: Float64Array
}

/** A task that makes this many times less than it reads goes as soon as it can: it is on the way to freeing. */
const muchSmaller = 8

/**
 * The order in which tasks are best run: depth first from the roots, so that what is made is soon used, and a task whose inputs are
 * all there goes at once when it frees at least as much as it makes (x + x.T reads blocks (i, j) and (j, i) for both results).
 * Gives the task at each place. `early` says of a task whether it may go before its turn: 'always', 'never', or when it 'frees'.
 */
export function depthFirstOrder(
  dag: Dag,
  roots: readonly number[],
  early: (task: number) => 'always' | 'never' | 'frees',
): Int32Array {
  const { count, inputStart, inputs, outputBytes } = dag
  const readers = readersOf(dag)
  const missing = new Int32Array(count)
  const remaining = new Int32Array(count)
  for (let t = 0; t < count; t++) missing[t] = inputStart[t + 1] - inputStart[t]
  for (const input of inputs) remaining[input]++
  const placed = new Uint8Array(count)
  const order = new Int32Array(count)
  let length = 0

  const frees = (task: number): boolean => {
    let [freed, read] = [0, 0]
    for (let k = inputStart[task]; k < inputStart[task + 1]; k++) {
      read += outputBytes[inputs[k]]
      if (remaining[inputs[k]] === 1) freed += outputBytes[inputs[k]]
    }
    return freed >= outputBytes[task] || read >= muchSmaller * outputBytes[task]
  }
  const mayGo = (task: number): boolean =>
    !placed[task] && missing[task] === 0 && (early(task) === 'always' || (early(task) === 'frees' && frees(task)))
  const place = (first: number): void => {
    const ready = [first]
    for (let task = ready.pop(); task !== undefined; task = ready.pop()) {
      if (placed[task]) continue
      placed[task] = 1
      order[length++] = task
      for (let k = readers.start[task]; k < readers.start[task + 1]; k++) missing[readers.list[k]]--
      for (let k = readers.start[task]; k < readers.start[task + 1]; k++)
        if (mayGo(readers.list[k])) ready.push(readers.list[k])
      for (let k = inputStart[task]; k < inputStart[task + 1]; k++) {
        const input = inputs[k]
        if (--remaining[input] !== 1) continue
        for (let r = readers.start[input]; r < readers.start[input + 1]; r++)
          if (mayGo(readers.list[r])) ready.push(readers.list[r])
      }
    }
  }
  const stack: number[] = []
  for (const root of roots) {
    stack.push(root)
    while (stack.length > 0) {
      const task = stack[stack.length - 1]
      if (!placed[task] && missing[task] > 0) {
        for (let k = inputStart[task + 1] - 1; k >= inputStart[task]; k--) if (!placed[inputs[k]]) stack.push(inputs[k])
        continue
      }
      stack.pop()
      if (!placed[task]) place(task)
    }
  }
  return order
}

/** The tasks that read each task, as often as they do. */
function readersOf({ count, inputStart, inputs }: Dag): { start: Int32Array; list: Int32Array } {
  const start = new Int32Array(count + 1)
  for (const input of inputs) start[input + 1]++
  for (let t = 0; t < count; t++) start[t + 1] += start[t]
  const next = start.slice()
  const list = new Int32Array(inputs.length)
  for (let t = 0; t < count; t++) for (let k = inputStart[t]; k < inputStart[t + 1]; k++) list[next[inputs[k]]++] = t
  return { start, list }
}
