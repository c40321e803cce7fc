/** The name of the method by which Node's console and util.inspect ask an object how to show it. */
export const inspectName = Symbol.for('nodejs.util.inspect.custom')

/** A place of a notebook's output; showing something new there takes the place of what was shown. */
export interface Display {
  html(text: string): void
}
interface Tslab {
  readonly display: Display
  newDisplay(): Display
}

/** The tslab kernel, when this is a cell of its; it leaves a hook to its modules under a global name. */
function kernel(): Tslab | undefined {
  const hook = (globalThis as { __tslab__?: { require?: (name: string) => unknown } }).__tslab__
  try {
    return hook?.require?.('tslab') as Tslab | undefined
  } catch {
    return undefined // A program of the same name's global; it is no notebook.
  }
}

export const isNotebook = (): boolean => kernel() !== undefined

/** A place of its own in the notebook's output, or undefined where there is no notebook. */
export const newDisplay = (): Display | undefined => kernel()?.newDisplay()

/** What an object shows of itself. */
export interface Shown {
  /** Inside of other objects. */
  readonly short: string
  /** In a terminal. */
  text(): string
  /** In a notebook. */
  html(): string
}

/** What an inspect method gives: the text, or in a notebook a short text beside the HTML, which is shown at once. */
export function inspected(shown: Shown, depth: number | null, options?: { readonly depth?: number | null }): string {
  if (depth !== null && depth < 0) return shown.short
  const isOutermost = options === undefined || depth === options.depth
  const display = isOutermost ? kernel()?.display : undefined
  if (!display) return shown.text()
  display.html(shown.html())
  return shown.short
}
