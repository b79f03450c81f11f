/** Where in the console one is: `#/history/ID?caller=1000` is the page `history`, its rest and its query. */

export interface Route {
  page: string
  rest: string[]
  query: URLSearchParams
}

function read(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [page = '', ...rest] = path.split('/').filter(Boolean).map(decoded)
  return { page, rest, query: new URLSearchParams(query) }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // a `%` that somebody has typed
  }
}

class Place {
  now = $state.raw(read(location.hash))

  constructor() {
    addEventListener('hashchange', () => (this.now = read(location.hash)))
  }
}

export const route = new Place()

/** The address of a page, to be the `href` of a link. */
export function to(page: string, ...rest: string[]): string {
  return '#/' + [page, ...rest].map(encodeURIComponent).join('/')
}

/** Go there, as a click on a link does. */
export function go(address: string): void {
  location.hash = address
}

/** Change fields of the query of this page; an empty one goes. The way back does not stop at each. */
export function refine(fields: Record<string, string>): void {
  const query = new URLSearchParams(route.now.query)
  for (const [name, text] of Object.entries(fields)) {
    if (text) query.set(name, text)
    else query.delete(name)
  }
  const path = to(route.now.page, ...route.now.rest)
  history.replaceState(null, '', query.size ? `${path}?${query}` : path)
  route.now = read(location.hash)
}
