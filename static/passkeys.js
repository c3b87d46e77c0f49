// Has the browser use or make a passkey when a form that needs one is sent, and sends what it gives.
async function passkey(form) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) throw new Error("unknown");
  if (form.dataset.passkeyNew) {
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.passkeyNew)) });
  }
  const options = form.dataset.passkeyFrom
    ? (await (await fetch(form.dataset.passkeyFrom, { headers: { Accept: "application/json" } })).json()).request_options.publicKey
    : JSON.parse(form.dataset.passkey);
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}
for (const form of document.querySelectorAll("[data-passkey], [data-passkey-from], [data-passkey-new]")) {
  const words = form.querySelector("[data-refused]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation(); // nothing is sent yet
    try {
      form.elements.credential.value = JSON.stringify(await passkey(form));
      form.submit();
    } catch (error) { // no passkey, cancelled, too slow
      words.textContent = error.message === "unknown" ? words.dataset.unknown : words.dataset.refused;
    }
  });
}
