/** What was done, or why it was not, told in a corner of the page for a while. */
import { sentenceOf } from '../api/problem'

interface Notice {
  id: number
  text: string
  bad: boolean
}

const SHOWN = 5_000
const SHOWN_BAD = 12_000

class Noticed {
  list = $state<Notice[]>([])
  private next = 1

  tell(text: string, bad = false): void {
    const id = this.next++
    this.list.push({ id, text, bad })
    setTimeout(() => this.drop(id), bad ? SHOWN_BAD : SHOWN)
  }

  drop(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id)
  }
}

export const notices = new Noticed()

/** Do it, and tell why where it fails. Whether it was done. */
export async function attempt(work: () => Promise<unknown>, done = ''): Promise<boolean> {
  try {
    await work()
    if (done) notices.tell(done)
    return true
  } catch (error) {
    notices.tell(sentenceOf(error), true)
    return false
  }
}
