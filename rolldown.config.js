/**
 * What is served or started as one file. The workers' entries: loading some eighty small modules costs each new worker more time than
 * running a small array (what they load by import() stays apart). The dashboard's page: with all it needs, so that a browser loads
 * nothing from elsewhere.
 */
const worker = (name) => ({
  input: `src/worker/${name}.ts`,
  platform: 'node',
  external: /^[^./]/,
  output: {
    dir: 'dist/worker',
    entryFileNames: `${name}.js`,
    chunkFileNames: `${name}-[name].js`,
    sourcemap: true,
  },
})
export default [
  // The package itself: a hundred files fewer to find and read when it is imported.
  {
    input: 'src/index.ts',
    platform: 'node',
    external: /^[^./]/,
    // What package.json says of side effects is about what is built: here modules give the arrays their methods.
    treeshake: false,
    output: { dir: 'dist/main', entryFileNames: 'index.js', chunkFileNames: '[name].js', sourcemap: true },
  },
  worker('main'),
  worker('call-main'),
  {
    input: 'src/diagnostics/dashboard/page/main.ts',
    platform: 'browser',
    moduleTypes: { '.css': 'text' },
    output: { file: 'dist/diagnostics/dashboard/page.js', minify: true },
  },
]
