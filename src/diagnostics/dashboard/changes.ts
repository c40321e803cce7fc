/** Things by key of which those that have changed are told, each at most once a telling. */
export interface Tracked<K, V> {
  readonly items: ReadonlyMap<K, V>
  /** The thing, made when there is none; it counts as changed. */
  touch(key: K, make: () => V): V
  forget(key: K): void
  takeChanged(): V[]
}
export function createTracked<K, V>(): Tracked<K, V> {
  const items = new Map<K, V>()
  const changed = new Set<V>()
  return {
    items,
    touch(key, make) {
      let item = items.get(key)
      if (item === undefined) {
        item = make()
        items.set(key, item)
      }
      changed.add(item)
      return item
    },
    forget: (key) => void items.delete(key),
    takeChanged() {
      const taken = [...changed]
      changed.clear()
      return taken
    },
  }
}

/** A list that grows at its end, of which each item is told once. */
export interface Log<T> {
  add(item: T): void
  /** Drops the items before the first that is to be kept. */
  keepFrom(isKept: (item: T, place: number, all: readonly T[]) => boolean): void
  takeNew(): T[]
  /** All that have been told. */
  told(): T[]
}
export function createLog<T>(): Log<T> {
  const items: T[] = []
  let toldCount = 0
  return {
    add: (item) => void items.push(item),
    keepFrom(isKept) {
      const first = items.findIndex(isKept)
      const dropped = first < 0 ? items.length : first
      items.splice(0, dropped)
      toldCount = Math.max(0, toldCount - dropped)
    },
    takeNew() {
      const taken = items.slice(toldCount)
      toldCount = items.length
      return taken
    },
    told: () => items.slice(0, toldCount),
  }
}
