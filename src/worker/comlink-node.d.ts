/** The adapter has no types of its own under Node's module resolution. */
declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { MessagePort, Worker } from 'node:worker_threads'
  import type { Endpoint } from 'comlink'
  export default function nodeEndpoint(port: MessagePort | Worker): Endpoint
}
