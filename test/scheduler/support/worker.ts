import { serve } from '../../../src/worker/serve.ts'
import { createTestExecutor } from './executor.ts'

serve(createTestExecutor)
