/** Loaded before an example (`node --import`): its `ndloom` is the sources, which need no build. */
import { registerHooks } from 'node:module'

const sources = new URL('../../src/index.ts', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'ndloom' ? sources : specifier, context),
})
