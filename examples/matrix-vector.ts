/**
 * Matrix times vector on ranks, as in mpi4py's tutorial: each rank has some rows of the matrix and the same share of the vector; the
 * vector is put together by allgather, then each computes its share of the product. Beside it the same with arrays.
 */
import type { NdArray } from 'ndarray'
import * as nd from 'ndloom'

const rows = 12
const ranks = 4

const parts = await nd.ranks(
  ranks,
  async (comm, rows) => {
    const share = rows / comm.size
    const first = comm.rank * share
    const matrix = Float64Array.from(
      { length: share * rows },
      (_, k) => 1 / (1 + first + Math.floor(k / rows) + (k % rows)),
    )
    const own = Float64Array.from({ length: share }, (_, i) => first + i)

    const vector = (await comm.allgather(own)).flatMap((part) => Array.from(part))
    return Float64Array.from({ length: share }, (_, i) =>
      vector.reduce((sum, value, j) => sum + matrix[i * rows + j] * value, 0),
    )
  },
  { args: rows },
)
const product = parts.flatMap((part) => Array.from(part))

const i = nd.arange(rows)
const hilbert = nd.divide(1, i.reshape([rows, 1]).add(i).add(1))
const expected = (await nd.matmul(hilbert, i).compute()) as NdArray<Float64Array>

const difference = Math.max(...product.map((value, k) => Math.abs(value - expected.get(k))))
console.log(product.map((value) => value.toFixed(4)).join(' '))
console.log(`largest difference from nd.matmul: ${difference.toExponential(1)}`)
