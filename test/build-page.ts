import { type OutputOptions, type RolldownOptions, rolldown } from 'rolldown'

/** Builds the dashboard's page as the package's build does, once before all tests. */
export default async function buildPage(): Promise<void> {
  const { href } = new URL('../rolldown.config.js', import.meta.url)
  const { default: configs }: { default: readonly RolldownOptions[] } = await import(href)
  const config = configs.find(({ input }) => String(input).includes('dashboard'))!
  const build = await rolldown(config)
  await build.write(config.output as OutputOptions)
  await build.close()
}
