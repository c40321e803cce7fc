import { expect, test } from 'vitest'
import { freeVariables } from '../../src/array/free-variables.ts'

test.each<[string, string[]]>([
  ['(block) => block', []],
  ['(block) => block.hi(outside)', ['outside']],
  ['(a, { args: { top = low } }) => a.set(0, top)', ['low']],
  ['function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) }', []],
  ['async (block) => { for await (const part of parts) block.set(0, part); return block }', ['parts']],
  ['scale(block) { return block.scale * this.factor }', []],
  ['async scale(block) { return block.mul(factor) }', ['factor']],
  [
    '(block) => { const { x, ...rest } = block; try { return rest[x] } catch (error) { return Math.abs(error.code) } }',
    [],
  ],
  ['(block) => { label: for (;;) { class A { static b = c; #d = 1; e() { return this.#d } } break label } }', ['c']],
  ['() => { later(); function later() { hoisted = 1 } var hoisted }', []],
  ['() => typeof feature === "undefined" ? 0 : feature', []],
  ['function () { return arguments.length + undefined + NaN + process.pid + Buffer.length }', []],
  ['() => { $dollar = inner }', ['$dollar', 'inner']],
  ['this is no function', []],
])('of %s', (text, names) => {
  expect(freeVariables(text).sort()).toEqual(names.sort())
})
