/** Loads the submodel templates of a configuration, for the server and for `validate`. */
import { type Config, ConfigError } from '../config/config.ts'
import { loadTemplates } from '../formats/templates/load.ts'
import { TemplateChecker } from '../operations/validation/template-checker.ts'

/** The built-in templates and those of the operator. @throws ConfigError naming the file that is no template */
export function readTemplates({ SCHEMAS_DIR, TEMPLATES, TEMPLATE_POLICY }: Config): TemplateChecker {
  try {
    return new TemplateChecker(loadTemplates(SCHEMAS_DIR), TEMPLATES, TEMPLATE_POLICY)
  } catch (error) {
    throw new ConfigError([`SCHEMAS_DIR is ${JSON.stringify(SCHEMAS_DIR)}: ${(error as Error).message}`])
  }
}
