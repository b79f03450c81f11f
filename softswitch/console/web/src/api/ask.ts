/** Requests to `/v1` of the switch that has served the page. */
import { common } from '../words/common'
import { Problem, problemOf } from './problem'

const PATIENCE = 20_000

export type Query = Record<string, string | number | boolean | null | undefined>

export interface Asked {
  method?: string
  query?: Query
  /** Sent as JSON; a Blob as it is. */
  body?: unknown
  /** The version that the change is for (`If-Match`). */
  etag?: string
  signal?: AbortSignal
}

/** Called when the switch no longer knows who we are. */
export const whenSignedOut: { call: () => void } = { call: () => {} }

/** The answer as JSON; `undefined` where it has no body. Throws Problem. */
export async function ask<Answer>(path: string, asked: Asked = {}): Promise<Answer> {
  const answer = await send(path, asked)
  if (answer.status === 204 || answer.headers.get('Content-Length') === '0') return undefined as Answer
  return (await answer.json()) as Answer
}

/** The answer itself, such as a file. Throws Problem. */
export async function send(path: string, asked: Asked = {}): Promise<Response> {
  const answer = await fetched(address(path, asked.query), asked)
  if (answer.ok) return answer
  if (answer.status === 401 && path !== 'session') whenSignedOut.call()
  throw await problemOf(answer)
}

/** The address of a path of `/v1`, relative to the page; `path` has its parts encoded already. */
export function address(path: string, query: Query = {}): string {
  const fields = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') fields.set(name, String(value))
  }
  return `v1/${path}${fields.size ? `?${fields}` : ''}`
}

async function fetched(url: string, asked: Asked): Promise<Response> {
  // A page of another site cannot send this header, so the switch knows that the console asks.
  const headers: Record<string, string> = { 'X-Requested-With': 'softswitch', Accept: 'application/json' }
  if (asked.etag) headers['If-Match'] = asked.etag
  const isFile = asked.body instanceof Blob
  if (asked.body !== undefined && !isFile) headers['Content-Type'] = 'application/json'
  const late = AbortSignal.timeout(PATIENCE)
  try {
    return await fetch(url, {
      method: asked.method ?? 'GET',
      headers,
      body: asked.body === undefined ? undefined : isFile ? (asked.body as Blob) : JSON.stringify(asked.body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: asked.signal ? AbortSignal.any([asked.signal, late]) : late,
    })
  } catch (error) {
    if (asked.signal?.aborted) throw error
    throw new Problem(0, late.aborted ? common.tooSlow : common.unreachable)
  }
}
