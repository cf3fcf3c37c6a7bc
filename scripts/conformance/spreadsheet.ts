/** Converts CSV to XLSX with headless LibreOffice Calc, like a user who opens the file. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const SOFFICE = '/usr/bin/soffice'

/** Comma, double quotes, UTF-8, from the first line; quoted fields are text, times are recognised. */
const CSV_FILTER = 'CSV:44,34,76,1,,0,true,true'

/** @returns the path of the XLSX file, next to the CSV file */
export function toSpreadsheet(folder: string, csv: string): string {
  if (!existsSync(SOFFICE)) {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore' })
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'libreoffice-calc'], { stdio: 'ignore' })
  }
  const options = ['--headless', `-env:UserInstallation=file://${join(folder, 'profile')}`, `--infilter=${CSV_FILTER}`]
  const target = ['--convert-to', 'xlsx', '--outdir', folder]
  execFileSync(SOFFICE, [...options, ...target, join(folder, csv)], { stdio: 'ignore', timeout: 120_000 })
  return join(folder, csv.replace(/\.csv$/, '.xlsx'))
}
