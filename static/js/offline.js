// Keeps the pages that are read for when there is no network; not for who saves data.
if (!navigator.connection?.saveData) navigator.serviceWorker?.register('/service-worker.js').catch(() => {});
