/**
 * What is served or started as one file. The worker's entry: loading some eighty small modules costs each new worker more time than
 * running a small array. The dashboard's page: with all it needs, so that a browser loads nothing from elsewhere.
 */
export default [
  {
    input: 'src/worker/main.ts',
    platform: 'node',
    external: /^[^./]/,
    output: { file: 'dist/worker/main.js', sourcemap: true },
  },
  {
    input: 'src/diagnostics/dashboard/page/main.ts',
    platform: 'browser',
    moduleTypes: { '.css': 'text' },
    output: { file: 'dist/diagnostics/dashboard/page.js', minify: true },
  },
]
