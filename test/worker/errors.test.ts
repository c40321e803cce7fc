import { describe, expect, test } from 'vitest'
import * as errors from '../../src/core/errors.ts'
import { decodeError, encodeError } from '../../src/worker/errors.ts'

const across = (thrown: unknown): unknown => decodeError(structuredClone(encodeError(thrown)))

describe('errors that go between threads', () => {
  test('keep class, message, stack, fields and cause', () => {
    const cause = Object.assign(new TypeError('inner'), { code: 'E_INNER', detail: { at: [1, 2n] } })
    const error = new errors.TaskError('stage sum failed', 'sum', [1, 2], cause)
    const got = across(error) as errors.TaskError
    expect(got).toBeInstanceOf(errors.TaskError)
    expect(got).toMatchObject({ name: 'TaskError', message: 'stage sum failed', stage: 'sum', block: [1, 2] })
    expect(got.stack).toBe(error.stack)
    expect(got.cause).toBeInstanceOf(TypeError)
    expect(got.cause).toMatchObject({ message: 'inner', code: 'E_INNER', detail: { at: [1, 2n] } })
    expect(Object.keys(got)).not.toContain('cause')
  })
  test('every class of ours is known', () => {
    for (const [name, value] of Object.entries(errors)) {
      if (!(value.prototype instanceof Error)) continue
      const error = Object.setPrototypeOf(new Error('text'), value.prototype)
      expect((across(error) as object).constructor, name).toBe(value)
    }
  })
  test('a class that is not known becomes the nearest that is, with its name', () => {
    class Special extends errors.ShapeError {
      extra = new Map([[1, 2]])
    }
    const got = across(new Special('odd')) as Special
    expect(got).toBeInstanceOf(errors.ShapeError)
    expect(got.extra).toEqual(new Map([[1, 2]]))
    class Plain extends Error {}
    expect(across(new Plain('x'))).toMatchObject({ name: 'Plain', message: 'x' })
  })
  test('names and codes that lie on the prototype', () => {
    expect(across(new DOMException('late', 'TimeoutError'))).toMatchObject({ name: 'TimeoutError', code: 23 })
    class Odd extends TypeError {
      get code() {
        return 'E_ODD'
      }
    }
    Object.defineProperty(Odd.prototype, 'name', { value: 'StrangeError' })
    expect(across(new Odd('x'))).toMatchObject({ name: 'StrangeError', code: 'E_ODD' })
  })
  test('anything can be thrown', () => {
    expect(across('text')).toBe('text')
    expect(across(undefined)).toBe(undefined)
    expect(across({ a: 1 })).toEqual({ a: 1 })
    expect(across(() => 1)).toBe('() => 1')
    expect(across(Symbol('s'))).toBe('Symbol(s)')
  })
  test('lists of errors, rings and what cannot be cloned', () => {
    const many = across(new AggregateError([new RangeError('a'), 5], 'many')) as AggregateError
    expect(many).toBeInstanceOf(AggregateError)
    expect(many.errors[0]).toBeInstanceOf(RangeError)
    expect(many.errors[1]).toBe(5)
    const ring = new Error('ring')
    ring.cause = ring
    expect(across(ring)).toMatchObject({ message: 'ring', cause: { message: 'ring' } })
    expect(across(Object.assign(new Error('f'), { run: () => 1 }))).toMatchObject({ run: '() => 1' })
    const abort = across(new DOMException('stop', 'AbortError')) as Error
    expect(abort).toBeInstanceOf(Error)
    expect(abort).toMatchObject({ message: 'stop' })
  })
})
