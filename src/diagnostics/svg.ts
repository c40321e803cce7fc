/** Text as it stands in XML and HTML. */
export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** A number of pixels with one digit after the point: finer is not seen. */
export const pixels = (value: number): string => `${Math.round(value * 10) / 10}`

/** About how wide text is, in pixels, in the fonts that pictures are written in: enough room in any of them. */
export const textWidth = (text: string, fontPixels: number): number => 0.62 * fontPixels * text.length

export const fontFamily = 'Helvetica, Arial, sans-serif'

/**
 * An SVG document. Its background is transparent. What is drawn in currentColor takes the colour of the page's text; in a file of its
 * own, where :root is the picture itself, it is dark or light as the viewer's scheme says.
 */
export const svgDocument = (width: number, height: number, content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${Math.ceil(height)}" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" font-family="${fontFamily}">
<style>svg:root { color-scheme: light dark; color: CanvasText }</style>
${content}
</svg>`

/** Text as it stands, as HTML; said of the font too, as notebooks give outputs one of their own. */
export const preformatted = (text: string): string => `<pre style="font-family: monospace">${escapeXml(text)}</pre>`
