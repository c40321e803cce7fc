/**
 * A worker inherits the process's flags, which is right but where they say that the program is text of the command line: the worker's
 * is a file. (To hand on a part of them is no way out: a worker refuses most flags that it is given by name.) Undefined: all of them.
 */
const isText = (flag: string): boolean => /^(-e|-p|-pe|--eval|--print|--input-type)(=|$)/.test(flag)
export const fileFlags = (): string[] | undefined => (process.execArgv.some(isText) ? [] : undefined)
