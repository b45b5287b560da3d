/**
 * Scenario scripts: stories in which the test plays the world and the machine answers. A script is text:
 *
 * ```
 * # What the story is about.
 *
 * start lease {"ttlSeconds":15,"leaseSeed":"41"}
 * send {"type":"lease.wanted"}
 * ----
 * idle
 * granting.waiting
 * ```
 *
 * A block is a paragraph: commands, `----`, and what the machine did. A command may go on over indented lines, and
 * lines that begin with `#` are remarks. For each step is shown the state, and then, indented and in order, what the
 * machine asks of the world:
 *
 * - `ask <port> <input>`: an actor is invoked; `drop <port>`: it is stopped before it has answered
 * - `wait <delay> <ms>`: a delayed transition is armed
 * - `tell <actor> <event>`: an event for another actor; `emit <event>`: one for the listeners
 * - `do <action>`: an action that is not XState's own
 * - `end <output>`: the machine has reached its end
 *
 * Not promised: that a step which neither moves nor asks for anything is shown. If nothing is, the block says so.
 */
import type { AnyStateMachine } from 'xstate';
import { Failure, type FailureKind } from '../../machines/index.js';
import type { EventLike } from './effects.js';
import { Stage } from './stage.js';

/** The machines that a script may start, by the name it uses. */
export type ScenarioMachines = Readonly<Record<string, AnyStateMachine>>;

/**
 * Plays a script and returns it with the results that the machines give now; a test compares the two texts, and
 * writes the file anew when it is asked to. The commands:
 *
 * - `start <machine> [with <child> …] [<input>]`: a machine begins, played together with these machines it invokes
 * - `send <event>`: an event from the machine's owner
 * - `answer <port> [<output>]`, `fail <port> <kind> [<message>]`: a promise port settles, `kind` as in `Failure`
 * - `fact <port> <event>`: what an open stream or child reports
 * - `elapse <delay>`: time passes until this delay is over, and every delay that ends before
 * - `quietly <command>`: what the machine does is not shown; for what a story takes as given
 *
 * Throws a TypeError that names the line when a command cannot be understood.
 */
export function playScenario(script: string, machines: ScenarioMachines): string {
  const play = new Play(machines);
  const paragraphs = script.trimEnd().split(/\n{2,}/);
  return `${paragraphs.map((paragraph) => playParagraph(paragraph, play)).join('\n\n')}\n`;
}

const separator = '----';
const quietly = 'quietly ';

function playParagraph(paragraph: string, play: Play): string {
  const lines = paragraph.split('\n');
  const end = lines.indexOf(separator);
  const asked = end === -1 ? lines : lines.slice(0, end);
  const commands = commandsIn(asked);
  if (commands.length === 0) return paragraph;
  const results = commands.flatMap((command) => play.run(command));
  const isQuiet = commands.every((command) => command.startsWith(quietly));
  const shown = results.length === 0 && !isQuiet ? ['nothing happens'] : results;
  return [...asked, ...(isQuiet ? [] : [separator]), ...shown].join('\n');
}

/** Joins the lines of each command, and leaves the remarks out. */
function commandsIn(lines: readonly string[]): readonly string[] {
  const commands: string[] = [];
  for (const line of lines) {
    if (line.startsWith('#')) continue;
    if (line.startsWith(' ')) commands.push(`${commands.pop() ?? ''} ${line.trim()}`);
    else commands.push(line);
  }
  return commands;
}

/** One run of one script. */
class Play {
  readonly #machines: ScenarioMachines;
  #stage: Stage | undefined;

  constructor(machines: ScenarioMachines) {
    this.#machines = machines;
  }

  run(command: string): readonly string[] {
    if (!command.startsWith(quietly)) return this.#run(command);
    this.#run(command.slice(quietly.length));
    return [];
  }

  #run(command: string): readonly string[] {
    const [verb = '', ...words] = command.split(' ');
    const [first = '', ...others] = words;
    if (verb === 'start') {
      this.#start(words, command);
      return this.#on(command).takeLines();
    }
    const stage = this.#on(command);
    const isHeard = this.#tell(stage, verb, { command, first, others });
    return isHeard ? stage.takeLines() : [`nobody waits for ${first}`];
  }

  #tell(stage: Stage, verb: string, said: Said): boolean {
    const { command, first, others } = said;
    const json = (words: readonly string[]): unknown => parse(words.join(' '), command);
    switch (verb) {
      case 'send':
        stage.send(json([first, ...others]) as EventLike);
        return true;
      case 'fact':
        return stage.report(first, json(others) as EventLike);
      case 'answer':
        return stage.answer(first, json(others));
      case 'fail':
        return stage.fail(first, failureIn(others));
      case 'elapse':
        return stage.elapse(first);
      default:
        throw new TypeError(`cannot play '${command}': there is no command '${verb}'`);
    }
  }

  #start(words: readonly string[], command: string): void {
    const [name = '', ...rest] = words;
    const machine = this.#machines[name];
    if (machine === undefined)
      throw new TypeError(`cannot play '${command}': no machine is called '${name}'`);
    const inputAt = rest.findIndex((word) => word.startsWith('{'));
    const beforeInput = inputAt === -1 ? rest : rest.slice(0, inputAt);
    const input = inputAt === -1 ? undefined : parse(rest.slice(inputAt).join(' '), command);
    this.#stage = new Stage(machine, input, beforeInput.slice(1));
  }

  #on(command: string): Stage {
    if (this.#stage === undefined) throw new TypeError(`cannot play '${command}': no machine was started`);
    return this.#stage;
  }
}

interface Said {
  readonly command: string;
  readonly first: string;
  readonly others: readonly string[];
}

function failureIn([kind = 'bug', ...message]: readonly string[]): Failure {
  return new Failure(kind as FailureKind, message.length === 0 ? kind : message.join(' '));
}

function parse(json: string, command: string): unknown {
  if (json === '') return undefined;
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new TypeError(`cannot play '${command}': its JSON does not parse`, { cause });
  }
}
