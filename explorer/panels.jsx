// The panels beside the documentation: signing in, and operations to begin with.
import { Button, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useState, useSyncExternalStore } from 'react';
import { examples } from './examples.js';

const Icon = ({ path }) => (
  <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
    <path d={path} />
  </svg>
);

/** A panel that signs in and out. */
export function signInPanel(session) {
  function Content() {
    const who = useSyncExternalStore(session.subscribe, session.who);
    return (
      <section className="disposisi-panel">
        <h2>{who ? who.user.name : 'Sign in'}</h2>
        {who ? <SignedIn session={session} who={who} /> : <SignIn session={session} />}
        <p>
          The token goes with every operation, by WebSocket too, and is prolonged before it ends. An <code>Authorization</code> in the
          Headers tab comes before it. Nothing of it is stored: it goes with the page.
        </p>
      </section>
    );
  }
  return {
    title: 'Sign in',
    icon: () => <Icon path="M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 8a8 6 0 0 1 16 0" />,
    content: Content,
  };
}

function SignedIn({ session, who }) {
  return (
    <>
      <ul>
        {who.grants.map(({ role, office, agency }, index) => (
          <li key={index}>
            {role.name}, {agency?.name ?? office.name}
          </li>
        ))}
      </ul>
      <Button type="button" onClick={() => session.signOut()}>
        Sign out
      </Button>
    </>
  );
}

function SignIn({ session }) {
  const [refusal, setRefusal] = useState();
  const [asksForCode, setAsksForCode] = useState(false);

  async function submit(event) {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    try {
      const refused = await session.signIn(given.get('username'), given.get('password'), given.get('code'));
      if (refused?.code === 'TOTP_REQUIRED') setAsksForCode(true);
      setRefusal(refused?.message);
    } catch (why) {
      setRefusal(why.message);
    }
  }

  return (
    <form onSubmit={submit}>
      <label>
        Name
        <input name="username" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {asksForCode && (
        <label>
          Code of the authenticator
          <input name="code" autoComplete="one-time-code" autoFocus required />
        </label>
      )}
      {refusal && <p role="alert">{refusal}</p>}
      <Button type="submit">Sign in</Button>
    </form>
  );
}

/** A panel that opens each example in a tab of its own. */
export const examplesPanel = {
  title: 'Examples',
  icon: () => <Icon path="M5 3h10l4 4v14H5V3Zm4 8h6m-6 4h6" />,
  content: function Content() {
    const { addTab } = useGraphiQLActions();
    const queryEditor = useGraphiQL(state => state.queryEditor);
    const variableEditor = useGraphiQL(state => state.variableEditor);
    function open({ query, variables }) {
      addTab();
      queryEditor?.setValue(query);
      variableEditor?.setValue(variables ? JSON.stringify(variables, null, 2) : '');
    }
    return (
      <section className="disposisi-panel">
        <h2>Examples</h2>
        <ul>
          {examples.map(example => (
            <li key={example.title}>
              <Button type="button" onClick={() => open(example)}>
                {example.title}
              </Button>
              {example.as && <small> as {example.as} in the demo</small>}
            </li>
          ))}
        </ul>
      </section>
    );
  },
};
