/**
 * A file of this package by its path below the sources, without its ending ('worker/main'): where what runs was built, in what was built.
 * Asked for in this one place, as what is built stands in fewer folders than the sources: this file's, one below the root, or another
 * as deep.
 */
export const ownFile = (path: string): URL =>
  new URL(`../${path}.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
