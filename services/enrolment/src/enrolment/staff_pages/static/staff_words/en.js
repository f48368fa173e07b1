// What every app of staff says in English: signing in and out, choosing, why something was not accepted.
export const words = {
  languages: "Language",
  signIn: "Sign in",
  signOut: "Sign out",
  login: "Phone number or e-mail",
  password: "Password",
  code: "Code of your authenticator, if you use one",
  signinWrong: "Phone number, e-mail, password or code is wrong.",
  signinCode: "Enter the code of your authenticator.",
  signinCodeWrong: "The code is not accepted. Wait for the next one.",
  signinNoPost: "Your account is suspended, or holds no post. Ask whoever invited you.",
  signinWait: "Too many attempts. Try again in {seconds} seconds.",
  signinOffline: "There is no network. Signing in needs one.",
  signinFailed: "Signing in did not work. Try again later.",
  cancel: "Cancel",
  choose: "Choose",
  why_other: "The server did not accept it: {reason}",
};
