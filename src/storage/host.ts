/** Objects that sources and sinks stand for, by the source or sink itself. */
const objects = new WeakMap<object, unknown>()

/**
 * Ties an object that cannot be sent to a worker (a store or a function of the user's) to the plain data of a source or sink: its
 * tasks run on this thread. The object lives as long as the data.
 */
export function tie<T extends object>(data: T, object: unknown): T {
  objects.set(data, object)
  return data
}
/** The object that was tied to a source or sink on this thread. */
export const tied = (data: object): unknown => objects.get(data)
/** Whether the tasks of a source or sink have to run on this thread. */
export const isTied = (data: object): boolean => objects.has(data)
