// The worker's entry in one file: loading some eighty small modules costs each new worker more time than running a small array.
export default {
  input: 'src/worker/main.ts',
  platform: 'node',
  external: /^[^./]/,
  output: { file: 'dist/worker/main.js', sourcemap: true },
}
