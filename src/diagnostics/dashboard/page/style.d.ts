/** Style sheets are built into the page's script as text. */
declare module '*.css' {
  const text: string
  export default text
}
