/**
 * Words that only this project gave a meaning to, and what the field says instead (docs/glossary.md). They are refused in
 * identifiers, names of files and prose. `found` is looked for in code and in pages.
 */
export interface PrivateWord {
  readonly found: RegExp
  readonly instead: string
}

export const privateWords: readonly PrivateWord[] = [
  { found: /\b[wW]ish(?:es|ed)?\b|Wish(?=[A-Z])/g, instead: 'SubscriptionRequest, request' },
  { found: /\b[tT]elling\b|\btoldOf\b/g, instead: 'ChangeEvents, toLoggedChanges' },
  { found: /\b(?:told|tells)\b/gi, instead: 'sent, notified, reported, distinguished' },
  { found: /\bwhoever\b/gi, instead: 'the caller, the client, the process that …' },
  { found: /\bnobody\b/gi, instead: 'no client, no process; or turn the sentence round' },
  { found: /\b(?:some|every|any)body\b(?! else)/gi, instead: 'the caller, another client, users' },
  { found: /\bdoors?\b|\bDoors?\b/g, instead: 'transport' },
  // `follower` is the stored name of a table and of leases.
  { found: /(?<!(?:FROM|INTO|TABLE) |`)\b[fF]ollowers?\b/g, instead: 'consumer (of the log), subscriber' },
  { found: /\b[bB]ell\b/g, instead: 'LogWatcher, notify' },
  { found: /\b[kK]eeper\b/g, instead: 'Checkpointer' },
  { found: /\bkeep(?:Ledger|Log|History|WhatIsWanted)\b/g, instead: 'startValidationResults, startLogRetention, …' },
  { found: /\b[lL]edger\b|Ledger(?=[A-Z])/g, instead: 'validation results' },
  { found: /\b[iI]ntake\b/g, instead: 'ingest' },
  { found: /\bjudges?\b|\bJudge\b/g, instead: 'template check, validate' },
  { found: /\b[mM]isfits?\b/g, instead: 'RejectedSample, violation' },
  { found: /\b[tT]aker\b/g, instead: 'messageHandler' },
  { found: /\b(?:greeting|farewell)s?\b/gi, instead: 'online, offline' },
  { found: /\b[wW]eigh(?:s|ed|Changes)?\b|\bweightOf\b/g, instead: 'estimateBytes, eventCount, size' },
  { found: /\b(?:replay|skim)Turn\b/g, instead: 'replay, replayConflated' },
  { found: /\bLateLogger\b/g, instead: 'LazyLogger' },
  { found: /\bShelf\b/g, instead: 'ChunkSource' },
  { found: /\bin no hurry\b|\bin a hurry\b/gi, instead: 'yields to requests, low priority' },
  { found: /\banew\b/gi, instead: 'again, from scratch' },
  { found: /\b(?:as|where) it came\b/gi, instead: 'unchanged, as received' },
  { found: /\bhears?\b/gi, instead: 'receives, is notified of, gets' },
  { found: /\bmend(?:s|ed|ing)?\b/gi, instead: 'fix, repair, correct' },
  { found: /\bpatience\b/gi, instead: 'timeoutMs, timeout' },
  { found: /\bvouch(?:es)?\b/gi, instead: 'verifies, authenticates' },
  { found: /\bin earnest\b/gi, instead: 'in production' },
  { found: /\blets? go of\b/gi, instead: 'deletes, releases' },
  {
    found: /\b(?:MOST|LONGEST|LONGEST_\w+|REMEMBERED|TOLD|PATIENCE|AGAIN|LOOK|SILENCE)\b/g,
    instead: 'a constant with meaning and unit: MAX_SUBSCRIPTIONS, RETRY_DELAY_MS'
  }
]
