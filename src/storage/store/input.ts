/** Encoded bytes that are read part by part, as a codec needs them: those of an open file, or some that are in memory. */
export interface Input {
  readonly length: number
  /** Fills `into` with the bytes from `position` on. Errors: an Error where there are fewer. */
  read(position: number, into: Uint8Array): void
  close(): void
}

export const inputOf = (bytes: Uint8Array): Input => ({
  length: bytes.length,
  read(position, into) {
    if (position + into.length > bytes.length) throw tooShort()
    into.set(bytes.subarray(position, position + into.length))
  },
  close() {},
})

export const tooShort = (): Error => new Error('it is cut short')
