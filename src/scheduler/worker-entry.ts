/** The module in which a worker begins. It ends alike in the sources and in what is built from them. */
export const workerEntry = (name: 'main' | 'call-main' | 'spill-thread'): URL =>
  new URL(`../worker/${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
