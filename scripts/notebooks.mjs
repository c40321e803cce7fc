/**
 * Executes the notebooks from top to bottom and keeps their outputs. Sets up what they run on inside notebooks/ alone: the packed
 * package and the tslab kernel by npm, Jupyter's runner by pip. Ends with an error when any cell fails.
 * Usage: npm run notebooks [-- name-of-a-notebook.ipynb ...]
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'notebooks')
const python = join(folder, '.venv/bin/python')
const kernels = join(folder, '.jupyter')
const run = (command, args, env = {}) =>
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } })

function installPackage() {
  const packed = mkdtempSync(join(tmpdir(), 'ndloom-notebooks-'))
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', packed], { cwd: root })
  const [tarball] = readdirSync(packed)
  run('npm', ['ci', '--no-audit', '--no-fund', '--silent'])
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--silent', join(packed, tarball)])
  rmSync(packed, { recursive: true })
}
function installJupyter() {
  if (!existsSync(python)) run('python3', ['-m', 'venv', '.venv'])
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'])
  const tslab = join(folder, 'node_modules/.bin/tslab')
  const kernel = join(kernels, 'share/jupyter/kernels/tslab')
  const argv = [tslab, 'kernel', '--config-path', '{connection_file}']
  mkdirSync(kernel, { recursive: true })
  writeFileSync(join(kernel, 'kernel.json'), JSON.stringify({ argv, display_name: 'TypeScript', language: 'typescript' }))
}

installPackage()
installJupyter()
const wanted = process.argv.slice(2)
const notebooks = readdirSync(folder).filter((name) => name.endsWith('.ipynb') && (wanted.length === 0 || wanted.includes(name)))
// The kernel runs on the first `node` there is: the one that runs this script.
const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
for (const name of notebooks) {
  console.log(`notebooks/${name}`)
  run(join(folder, '.venv/bin/jupyter-execute'), ['--inplace', '--timeout=300', name], { 
    JUPYTER_PATH: join(kernels, 'share/jupyter'),
    PATH: path,
  })
}
console.log(`${notebooks.length} notebooks ran without an error`)
