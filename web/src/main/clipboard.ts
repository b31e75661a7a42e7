/** Text for somebody to paste elsewhere; whether it got there is told. */

export async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard === undefined) return copyByCommand(text);
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}

/** Over plain HTTP scripts have no clipboard, but there is still the command that copies what is selected. */
function copyByCommand(text: string): boolean {
  const field = document.createElement("textarea");
  const focused = document.activeElement;
  field.value = text;
  field.readOnly = true;
  // A page's end may be far below.
  field.style.position = "fixed";
  // Beside a dialog that is open nothing can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
