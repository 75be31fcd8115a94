/** Some browsers have no clipboard, others don't allow it: then what was to be copied is to be shown in a field, to be selected. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
