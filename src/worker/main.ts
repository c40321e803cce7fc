import { createExecutor } from './execute.ts'
import { serve } from './serve.ts'

serve(createExecutor)
