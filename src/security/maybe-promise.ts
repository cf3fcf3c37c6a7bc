/** Values that are known at once in most cases, so that a question costs no turn of the event loop. */
export type MaybePromise<Value> = Value | Promise<Value>

export function whenReady<Value, Result>(
  value: MaybePromise<Value>,
  use: (value: Value) => MaybePromise<Result>
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(use) : use(value)
}

export function allReady<Value>(values: readonly MaybePromise<Value>[]): MaybePromise<readonly Value[]> {
  const areReady = values.every((value) => !(value instanceof Promise))
  return areReady ? (values as readonly Value[]) : Promise.all(values)
}
