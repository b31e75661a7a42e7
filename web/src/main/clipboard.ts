/** Copies text to the clipboard; returns whether that worked. */

export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard === undefined) return copyByCommand(text);
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}

/** Over plain HTTP scripts have no clipboard API, but the copy command still works on a selection. */
function copyByCommand(text: string): boolean {
  const field = document.createElement("textarea");
  const focused = document.activeElement;
  field.value = text;
  field.readOnly = true;
  // Otherwise the page would scroll to its end.
  field.style.position = "fixed";
  // Nothing outside an open modal dialog can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
