// What the server writes in front of the service worker.
declare const VERSION: string;
declare const FILES: string[];
