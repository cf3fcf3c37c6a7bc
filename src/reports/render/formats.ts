/** The formats of documents, and why one is not to be had. */

export const documentFormats = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf'
} as const
export type DocumentFormat = keyof typeof documentFormats

export const NO_CHROMIUM =
  'PDF without Chromium or Chrome (install one, or name it by the setting CHROMIUM; any browser prints the HTML)'
