// An SMPP server by others (npm smpp), for crates/delivery/tests/smpp/foreign.rs. It listens on a free
// port, says what happens in lines of JSON, and ends with its standard input.
//
// The last digits of a message's number say what becomes of it.
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import smpp from 'smpp';

const PASSWORD = 's3cr3t-of-more-than-eight';
const RECEIPT = 4;

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const textOf = ({ message }) => (typeof message === 'string' ? message : message.toString('hex'));

let named = 0;

const receipt = (session, to, id, stat, err, fields) => {
  const text = `id:${id} sub:001 dlvrd:001 submit date:2611231200 done date:2611231201 stat:${stat} err:${err} text:Your`;
  session.deliver_sm(
    {
      source_addr: to,
      destination_addr: 'PhoneKey',
      esm_class: RECEIPT,
      short_message: text,
      ...fields,
    },
    (answer) => say({ event: 'receipt answered', status: answer.command_status }),
  );
};

const becomeOf = {
  // Taken, and delivered.
  '01': (session, pdu, id) => {
    session.send(pdu.response({ message_id: id }));
    receipt(session, pdu.destination_addr, id, 'DELIVRD', '000', {
      receipted_message_id: id,
      message_state: 2,
    });
  },
  // Taken, and lost; the receipt has no fields.
  '02': (session, pdu, id) => {
    session.send(pdu.response({ message_id: id }));
    receipt(session, pdu.destination_addr, id, 'UNDELIV', '034', {});
  },
  // Reported before it is answered, and with an error in a field.
  '03': (session, pdu, id) => {
    receipt(session, pdu.destination_addr, id, 'EXPIRED', '000', {
      receipted_message_id: id,
      message_state: 3,
      network_error_code: Buffer.from([3, 0, 27]),
    });
    setTimeout(() => session.send(pdu.response({ message_id: id })), 50);
  },
  // Refused.
  '04': (session, pdu) => session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR })),
  // Not answered.
  '05': () => {},
};

const options = process.argv[2] === 'tls'
  ? { cert: readFileSync(process.argv[3]), key: readFileSync(process.argv[4]) }
  : {};

const server = smpp.createServer(options, (session) => {
  session.on('error', (error) => say({ event: 'error', error: String(error) }));
  session.on('close', () => say({ event: 'close' }));
  session.on('bind_transceiver', (pdu) => {
    const right = pdu.password === PASSWORD;
    say({
      event: 'bind',
      system_id: pdu.system_id,
      version: pdu.interface_version,
      right,
    });
    session.send(pdu.response({ command_status: right ? 0 : smpp.ESME_RBINDFAIL }));
    if (!right) session.close();
    else session.enquire_link(() => say({ event: 'client is there' }));
  });
  session.on('submit_sm', (pdu) => {
    named += 1;
    const whole = pdu.message_payload ?? pdu.short_message;
    say({
      event: 'submit',
      from: pdu.source_addr,
      to: pdu.destination_addr,
      coding: pdu.data_coding,
      receipt: pdu.registered_delivery,
      valid_for: Math.round((pdu.validity_period - Date.now()) / 1000),
      text: textOf(whole),
      header: (whole.udh ?? []).map((element) => element.toString('hex')),
    });
    becomeOf[pdu.destination_addr.slice(-2)](session, pdu, `n-${named}`);
  });
  session.on('enquire_link', (pdu) => {
    say({ event: 'asked' });
    session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    say({ event: 'unbind' });
    session.send(pdu.response());
    session.close();
  });
});

server.listen(0, '127.0.0.1', () => say({ event: 'listening', port: server.address().port }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
