import { constantName, type Expression } from './lanes.ts'

/**
 * A small notation for functions in WebAssembly text: an expression is its own text, `keep` puts one in a local so that it can be
 * used again, `choose` is an if with a value. Nothing here knows mathematics.
 */
export type ValueType = 'v128' | 'f64' | 'f32' | 'i64' | 'i32'

/** One definition as text, and the names of those that the module must have with it. */
export interface Definition {
  readonly name: string
  readonly text: string
  readonly needs: readonly string[]
}

export interface Scope {
  /** Evaluates once; the answer is the local that holds the value. */
  keep(value: Expression, type?: ValueType): Expression
  /** A local to be assigned more than once, with its first value. */
  variable(type: ValueType, first?: Expression): Variable
  /** Calls another function of the table. */
  call(name: string, ...args: readonly Expression[]): Expression
  /** Calls a function with several results; the answers are locals. */
  callMany(name: string, types: readonly ValueType[], ...args: readonly Expression[]): Expression[]
  /** A value by a scalar condition; only the chosen side runs. */
  choose(condition: Expression, then: () => Expression, otherwise: () => Expression, type?: ValueType): Expression
  /** Statements that run under a scalar condition. */
  when(condition: Expression, body: () => void): void
  /** Statements that run under a scalar condition, and others that run without it. */
  branch(condition: Expression, then: () => void, otherwise: () => void): void
  /** Any statement. */
  run(statement: string): void
}
export interface Variable {
  readonly get: Expression
  set(value: Expression): void
}

interface Writing {
  lines: string[]
  readonly locals: string[]
  readonly needs: Set<string>
}

function local(writing: Writing, type: ValueType): string {
  const name = `$t${writing.locals.length}`
  writing.locals.push(`(local ${name} ${type})`)
  return name
}

/** The lines `body` writes, kept apart from those around it, and its answer. */
function aside<T>(writing: Writing, body: () => T): { text: string; answer: T } {
  const outer = writing.lines
  writing.lines = []
  const answer = body()
  const text = writing.lines.join('\n')
  writing.lines = outer
  return { text, answer }
}

function scope(writing: Writing): Scope {
  const self: Scope = {
    keep(value, type = 'v128') {
      if (/^\(local\.get \$\w+\)$/.test(value)) return value
      const name = local(writing, type)
      writing.lines.push(`(local.set ${name} ${value})`)
      return `(local.get ${name})`
    },
    variable(type, first) {
      const name = local(writing, type)
      const set = (value: Expression) => void writing.lines.push(`(local.set ${name} ${value})`)
      if (first !== undefined) set(first)
      return { get: `(local.get ${name})`, set }
    },
    call(name, ...args) {
      writing.needs.add(name)
      return `(call $${name} ${args.join(' ')})`
    },
    callMany(name, types, ...args) {
      const names = types.map((type) => local(writing, type))
      writing.lines.push(self.call(name, ...args), ...names.toReversed().map((each) => `(local.set ${each})`))
      return names.map((each) => `(local.get ${each})`)
    },
    choose(condition, then, otherwise, type = 'v128') {
      const yes = aside(writing, then)
      const no = aside(writing, otherwise)
      const sides = `(then ${yes.text} ${yes.answer})\n(else ${no.text} ${no.answer})`
      return self.keep(`(if (result ${type}) ${condition}\n${sides})`, type)
    },
    when(condition, body) {
      writing.lines.push(`(if ${condition} (then ${aside(writing, body).text}))`)
    },
    branch(condition, then, otherwise) {
      const sides = [aside(writing, then), aside(writing, otherwise)].map((side) => side.text)
      writing.lines.push(`(if ${condition} (then ${sides[0]})\n(else ${sides[1]}))`)
    },
    run: (statement) => void writing.lines.push(statement),
  }
  return self
}

/**
 * A function of the table, written when it is first asked for. `body` writes statements through the scope and answers the results.
 * Parameters and results are v128 unless said otherwise.
 */
export function define(
  name: string,
  parameters: readonly (string | readonly [string, ValueType])[],
  body: (scope: Scope, ...parameters: Expression[]) => Expression | readonly Expression[],
  results: readonly ValueType[] = ['v128'],
): Definition {
  const write = () => {
    const typed = parameters.map((each) => (typeof each === 'string' ? ([each, 'v128'] as const) : each))
    const writing: Writing = { lines: [], locals: [], needs: new Set() }
    const answer = body(scope(writing), ...typed.map(([parameter]) => `(local.get $${parameter})`))
    const head = [
      `func $${name}`,
      ...typed.map(([parameter, type]) => `(param $${parameter} ${type})`),
      results.length > 0 ? `(result ${results.join(' ')})` : '',
    ].join(' ')
    const text = `(${[head, ...writing.locals, ...writing.lines, ...[answer].flat()].join('\n')})`
    for (const [, constant] of text.matchAll(constantName)) writing.needs.add(constant)
    return { text, needs: [...writing.needs] }
  }
  let written: ReturnType<typeof write> | undefined
  return {
    name,
    get text() {
      written ??= write()
      return written.text
    },
    get needs() {
      written ??= write()
      return written.needs
    },
  }
}
