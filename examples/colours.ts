export type Rgb = readonly [number, number, number]

const gamma = (c: number): number => (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055)
const byte = (c: number): number => Math.round(255 * gamma(Math.min(1, Math.max(0, c))))

/** sRGB of a colour in Oklab (B. Ottosson, "A perceptual color space for image processing", 2020). */
export function fromOklab(lightness: number, a: number, b: number): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    byte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

/**
 * The colour of a value from -1 to 1: blue through white to orange-brown. Lightness falls evenly to both sides, so equal steps
 * look equal; blue and orange stay apart in all common kinds of colour blindness.
 */
export function diverging(value: number): Rgb {
  const strength = Math.min(1, Math.abs(value))
  const hue = ((value < 0 ? 255 : 55) * Math.PI) / 180
  const chroma = 0.14 * Math.sin((Math.PI / 2) * Math.min(1, strength * 1.5)) * (1 - 0.35 * strength)
  return fromOklab(0.97 - 0.62 * strength, chroma * Math.cos(hue), chroma * Math.sin(hue))
}
