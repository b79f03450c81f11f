/** Why the switch did not do what was asked (RFC 9457, `application/problem+json`). */

export class Problem extends Error {
  /** `status` is 0 where no answer came; `members` are those beside the standard ones, such as `mistakes`. */
  constructor(
    readonly status: number,
    readonly sentence: string,
    readonly members: Record<string, unknown> = {},
  ) {
    super(sentence)
  }

  /** The mistakes of an entry: each a sentence, and the field that it is about, where it is about one. */
  get mistakes(): { field: string; wrong: string }[] {
    const listed = this.members.mistakes
    if (!Array.isArray(listed)) return []
    return listed.map((each: { field?: string | null; wrong?: string }) => ({
      field: each.field ?? '',
      wrong: each.wrong ?? '',
    }))
  }
}

/** What an answer with an error status says. */
export async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text().catch(() => '')
  try {
    const body = JSON.parse(text) as Record<string, unknown>
    const { detail, error, title, ...members } = body
    return new Problem(answer.status, String(detail ?? error ?? title ?? answer.statusText), members)
  } catch {
    return new Problem(answer.status, text.slice(0, 300) || answer.statusText || `HTTP ${answer.status}`)
  }
}

/** What went wrong, as a sentence. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
