import { diverging, type Rgb } from './colours.ts'
import type { Picture } from './png.ts'

const margin = 24
const barHeight = 22
const scale = 3
const ink: Rgb = [40, 40, 40]
/** Five rows of three pixels for each character, one digit (a row's bits) each. */
const glyphs: Record<string, string> = {
  '0': '75557',
  '1': '26227',
  '2': '71747',
  '3': '71717',
  '4': '55711',
  '5': '74717',
  '6': '74757',
  '7': '71122',
  '8': '75757',
  '9': '75717',
  '-': '00700',
  '+': '02720',
  m: '07755',
  ' ': '00000',
}

/**
 * A map with a bar below it that explains its colours. `limit` is the value of the strongest colours, `step` that of the bar's
 * marks; rows of the map run from the top.
 */
export function createMap(width: number, height: number, limit: number, step: number, unit: string) {
  const picture: Picture = {
    width: width + 2 * margin,
    height: height + 3 * margin + barHeight + 8 * scale,
    pixels: new Uint8Array((width + 2 * margin) * (height + 3 * margin + barHeight + 8 * scale) * 3).fill(255),
  }
  const paint = (x: number, y: number, colour: Rgb): void => picture.pixels.set(colour, (y * picture.width + x) * 3)
  const set = (row: number, column: number, value: number): void =>
    paint(margin + column, margin + row, diverging(value / limit))
  drawScale(picture, paint, limit, step, unit)
  return { picture, set }
}

function drawScale(picture: Picture, paint: Paint, limit: number, step: number, unit: string): void {
  const width = Math.round(picture.width / 2)
  const left = Math.round(picture.width / 4)
  const top = picture.height - margin - barHeight - 8 * scale
  for (let x = 0; x < width; x++)
    for (let y = 0; y < barHeight; y++) paint(left + x, top + y, diverging((2 * x) / (width - 1) - 1))
  for (let value = -limit; value <= limit; value += step) {
    const x = left + Math.round(((value / limit + 1) / 2) * (width - 1))
    for (let y = 0; y < 2 * scale; y++) for (let dx = 0; dx < 2; dx++) paint(x + dx - 1, top + barHeight + y, ink)
    const text = `${value > 0 ? '+' : ''}${value}${value === limit ? ` ${unit}` : ''}`
    const number = `${value > 0 ? '+' : ''}${value}`
    write(paint, text, x - Math.round((number.length * 4 * scale - scale) / 2), top + barHeight + 3 * scale)
  }
}

type Paint = (x: number, y: number, colour: Rgb) => void

function write(paint: Paint, text: string, left: number, top: number): void {
  ;[...text].forEach((character, i) => {
    ;[...(glyphs[character] ?? glyphs[' '])].forEach((bits, row) => {
      for (let column = 0; column < 3; column++)
        if ((Number(bits) >> (2 - column)) & 1)
          for (let p = 0; p < scale * scale; p++)
            paint(left + (i * 4 + column) * scale + (p % scale), top + row * scale + Math.floor(p / scale), ink)
    })
  })
}
