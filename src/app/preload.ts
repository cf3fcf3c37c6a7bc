/** Loads the files of `PRELOAD` at start. */
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import type { OperationContext } from '../operations/operation-context.ts'
import { loadPath } from '../operations/upload.ts'

/**
 * Each file is loaded completely or not at all; documents that are stored already stay as they are. A file that is
 * refused stops neither the others nor the start.
 */
export async function preload(
  context: OperationContext,
  log: FastifyBaseLogger,
  { PRELOAD, LENIENT }: Config
): Promise<void> {
  if (PRELOAD === '') return
  for await (const report of loadPath(context, PRELOAD, { existing: 'keep', lenient: LENIENT })) {
    const { fileName } = report
    if ('error' in report) {
      const { message, violations } = report.error
      log.error({ violations }, `Not loaded: ${fileName}. ${message}`)
      continue
    }
    const { created, kept, refused, violations } = report
    log.info({ created: created.length, kept: kept.length, refused, violations }, `Loaded ${fileName}`)
  }
}
