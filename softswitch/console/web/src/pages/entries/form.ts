/** The fields of a form for an entry of the settings, from its JSON Schema in `/openapi.json`. */

export interface Schema {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  default?: unknown
  description?: string
  $ref?: string
}

export interface Field {
  key: string
  kind: 'text' | 'secret' | 'number' | 'choice' | 'list' | 'json'
  choices: string[]
  required: boolean
  /** What counts without a value, as a text. */
  standard: string
  about: string
}

export type Components = Record<string, Schema>
/** How the fields of an entry are typed: texts; an empty one is the default. */
export type Typed = Record<string, string>

const SECRETS = /^(password|pin|secret|key_password)$/

/** The model itself behind references. */
export function resolved(schema: Schema, components: Components): Schema {
  const name = schema.$ref?.split('/').at(-1)
  return name ? resolved(components[name] ?? {}, components) : schema
}

/** The models that an entry may have: one, or one for each type of extensions, by the type. */
export function modelsOf(schema: Schema, components: Components): Record<string, Schema> {
  const whole = resolved(schema, components)
  const several = whole.oneOf ?? whole.anyOf
  if (!several) return { '': whole }
  const models = several.map((each) => resolved(each, components))
  return Object.fromEntries(models.map((model) => [String(model.properties?.type?.const ?? ''), model]))
}

/** The fields of a model, those that are needed first; its `type` is chosen elsewhere. */
export function fieldsOf(model: Schema, components: Components): Field[] {
  const required = new Set(model.required ?? [])
  const fields = Object.entries(model.properties ?? {})
    .filter(([key]) => key !== 'type' && !key.endsWith('_file'))
    .map(([key, schema]) => fieldOf(key, schema, components, required.has(key)))
  return fields.sort((a, b) => Number(b.required) - Number(a.required))
}

function fieldOf(key: string, schema: Schema, components: Components, required: boolean): Field {
  const variants = (schema.anyOf ?? schema.oneOf ?? [schema]).map((each) => resolved(each, components)).filter((each) => each.type !== 'null')
  const first = variants.length === 1 ? (variants[0] ?? {}) : {}
  const common = { key, required, standard: schema.default == null ? '' : JSON.stringify(schema.default).replace(/^"|"$/g, ''), about: schema.description ?? '', choices: [] as string[] }
  if (SECRETS.test(key)) return { ...common, kind: 'secret' }
  if (first.enum) return { ...common, kind: 'choice', choices: first.enum.map(String) }
  if (first.type === 'boolean') return { ...common, kind: 'choice', choices: ['true', 'false'] }
  if (first.type === 'integer' || first.type === 'number') return { ...common, kind: 'number' }
  if (first.type === 'array' && resolved(first.items ?? {}, components).type === 'string') return { ...common, kind: 'list' }
  if (first.type === 'string' || variants.every((each) => each.type === 'string')) return { ...common, kind: 'text' }
  return { ...common, kind: 'json' }
}

/** A value of an entry as it is typed into its field. */
export function typedOf(field: Field, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (field.kind === 'list' && Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What is typed as a value; null is the default. Throws SyntaxError for JSON that is none. */
export function valueOf(field: Field, text: string): unknown {
  if (text === '') return null
  if (field.kind === 'list') return text.startsWith('[') ? JSON.parse(text) : text.split(',').map((each) => each.trim()).filter(Boolean)
  if (field.kind === 'number') return Number(text)
  if (field.kind === 'choice' && (text === 'true' || text === 'false')) return text === 'true'
  if (field.kind === 'json') return JSON.parse(text)
  return text
}
