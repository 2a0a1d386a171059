// What stands at the top of each generated document.
export const made = '<!-- Made by `npm run docs`: change what it is made of. -->\n';
